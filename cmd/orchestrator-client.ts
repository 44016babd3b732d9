#!/usr/bin/env node
import { clientMain } from '../internal/client/main.ts';

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (err: NodeJS.ErrnoException) => process.exit(err.code === 'EPIPE' ? 0 : 1));

process.exitCode = await clientMain(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
});
