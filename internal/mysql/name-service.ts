import { lookup, resolveCname } from 'node:dns/promises';

/** The name service of this machine. Each question ends by the resolver's own time limit; callers go on meanwhile. */
export const systemNames = {
  /** The end of the chain of aliases; a name that is no alias is its own. */
  async canonicalName(hostname: string): Promise<string> {
    let name = hostname;
    for (let links = 0; links < MAX_LINKS; links += 1) {
      const [next] = await resolveCname(name).catch(() => []);
      if (next === undefined) break;
      name = next;
    }
    await lookup(name);
    return name;
  },

  async addresses(hostname: string): Promise<readonly string[]> {
    return (await lookup(hostname, { all: true })).map(({ address }) => address);
  },

  /** IPv4 if there is one, else IPv6. */
  async address(hostname: string): Promise<string> {
    const found = await lookup(hostname, { all: true });
    const [first] = [...found].sort((a, b) => a.family - b.family);
    return first?.address ?? hostname;
  },
};

const MAX_LINKS = 8;
