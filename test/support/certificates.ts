import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** An authority of its own, valid for two days, made with the `openssl` of this machine. */
export class Authority {
  readonly #directory: string;
  readonly #name: string;
  readonly self: Certificate;

  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.#name = name;
    this.self = this.#files(name);
    this.#openssl('req', '-x509', ...this.#newKey(name), '-days', '2', '-subj', `/CN=${name}`);
  }

  /**
   * @param names as in `subjectAltName`, for instance `IP:127.0.0.1`
   * @param unit organisational unit, if any
   */
  issue(name: string, names: string, unit?: string): Certificate {
    const request = join(this.#directory, `${name}.csr`);
    const extensions = join(this.#directory, `${name}.ext`);
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    const files = this.#files(name);
    this.#openssl(
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      files.keyFile,
      '-out',
      request,
      '-subj',
      unit === undefined ? `/CN=${name}` : `/OU=${unit}/CN=${name}`,
    );
    this.#openssl(
      ...['x509', '-req', '-in', request, '-out', files.certFile, '-days', '2', '-extfile', extensions],
      ...['-CA', this.self.certFile, '-CAkey', this.self.keyFile, '-CAcreateserial'],
    );
    return this.#files(name);
  }

  #newKey(name: string): readonly string[] {
    const { keyFile, certFile } = this.#files(name);
    return ['-newkey', 'rsa:2048', '-nodes', '-keyout', keyFile, '-out', certFile];
  }

  #files(name: string): Certificate {
    const prefix = join(this.#directory, `${this.#name}-${name}`);
    const [certFile, keyFile] = [`${prefix}.pem`, `${prefix}-key.pem`];
    return {
      certFile,
      keyFile,
      get cert() {
        return readFileSync(certFile, 'utf8');
      },
      get key() {
        return readFileSync(keyFile, 'utf8');
      },
    };
  }

  #openssl(...words: readonly string[]): void {
    execFileSync('openssl', [...words], { stdio: ['ignore', 'ignore', 'pipe'] });
  }
}
