import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Everything that only weak references hold is gone afterwards: https://nodejs.org/api/v8.html#v8setflagsfromstringflags */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
