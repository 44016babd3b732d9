type Environment = Readonly<Record<string, string | undefined>>;

/** Variable with the pass phrase of an encrypted `SSLPrivateKeyFile`. */
export const PASS_PHRASE = 'ORCHESTRATOR_SSL_PASSPHRASE';

/** What programs that we start are given of our own environment. */
export function withoutPassPhrase(environment: Environment): Environment {
  const { [PASS_PHRASE]: _, ...rest } = environment;
  return rest;
}
