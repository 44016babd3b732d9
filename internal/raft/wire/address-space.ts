import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { OrchestratorError } from '../../runtime/errors.ts';

/** Ranges of addresses from which and to which connections are allowed; without any, all are. */
export class AddressSpace {
  readonly #ranges = new BlockList();
  readonly #unrestricted: boolean;

  /**
   * @param ranges `10.0.0.0/8`, `fd00::/8`, or a single address
   * @throws {OrchestratorError} `CONFIG_INVALID` for anything else
   */
  constructor(ranges: readonly string[]) {
    this.#unrestricted = ranges.length === 0;
    for (const range of ranges) this.#add(range.trim());
  }

  /** An IPv4 address that arrived over an IPv6 socket counts as IPv4. */
  allows(ip: string): boolean {
    const plain = plainAddress(ip);
    if (this.#unrestricted) return true;
    return isIP(plain) !== 0 && this.#ranges.check(plain, familyOf(plain));
  }

  #add(range: string): void {
    const [address = '', length, ...rest] = range.split('/');
    const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : undefined;
    const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : undefined;
    if (bits === undefined || prefix === undefined || prefix > bits || rest.length > 0 || address.includes('%'))
      throw new OrchestratorError(
        'CONFIG_INVALID',
        `RaftAllowedAddressSpace: "${range}" is no range of addresses: write it as 10.0.0.0/8 or fd00::/8`,
      );
    this.#ranges.addSubnet(address, prefix, familyOf(address));
  }
}

/** Without zone, and `::ffff:10.0.0.1` as `10.0.0.1`. */
export function plainAddress(ip: string): string {
  return ip.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}
