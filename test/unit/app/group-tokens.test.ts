import assert from 'node:assert/strict';
import { GroupTokens } from '../../../internal/app/group-tokens.ts';
import { issuedMs, signingSecret, signToken } from '../../../internal/app/signed-tokens.ts';
import type { TakenToken } from '../../../internal/backend/access-tokens.ts';
import type { Command } from '../../../internal/command/command.ts';
import { silentLog } from '../../../internal/runtime/log.ts';

const SECRET = Buffer.from('known to the nodes of this test, and to nobody else');
const OTHER = Buffer.from('known to the nodes of another group, and to nobody else');
const NOW_MS = Date.UTC(2026, 0, 31, 10);
const MINUTE_MS = 60_000;
/** None of them as it is by default. */
const LIMITS = { useMs: 2 * MINUTE_MS, lifeMs: 60 * MINUTE_MS };

describe('a signed token', () => {
  const token = signToken(SECRET, NOW_MS + 250);

  it('is 64 hexadecimal digits, another one each time, and says when it was issued', () => {
    assert.match(token, /^[0-9a-f]{64}$/);
    assert.notEqual(signToken(SECRET, NOW_MS), signToken(SECRET, NOW_MS));
    assert.equal(issuedMs(token, [SECRET]), NOW_MS);
  });

  it('is good while its secret is being exchanged for another one, and no longer', () => {
    assert.equal(issuedMs(token, [OTHER, SECRET]), NOW_MS);
    assert.equal(issuedMs(token, [OTHER]), undefined);
    assert.equal(issuedMs(token, []), undefined);
  });

  it('is not good with any digit changed, cut or added', () => {
    for (let at = 0; at < token.length; at += 1) {
      const changed = token.slice(0, at) + (token[at] === '0' ? '1' : '0') + token.slice(at + 1);
      assert.equal(issuedMs(changed, [SECRET]), undefined, `digit ${at}`);
    }
    for (const wrong of ['', token.slice(2), `${token}00`, 'z'.repeat(64)])
      assert.equal(issuedMs(wrong, [SECRET]), undefined);
  });

  it('needs a secret', () => assert.throws(() => signingSecret([]), { code: 'BAD_REQUEST' }));
});

describe('tokens of a group', () => {
  /** A node; what it asks for is agreed on when the test says so, in whatever order. */
  const aNode = (restored: ReadonlyMap<string, number> = new Map()) => {
    const node = {
      nowMs: NOW_MS,
      secrets: [SECRET] as readonly Uint8Array[],
      stored: [] as TakenToken[],
      asked: [] as { readonly command: Command; readonly agreed: (result: unknown) => void }[],
    };
    const tokens = new GroupTokens(
      {
        storage: { tokenTaken: (token) => void node.stored.push(token) },
        agreement: () => ({ decide: (command) => new Promise((agreed) => node.asked.push({ command, agreed })) }),
        settings: () => ({ ...LIMITS, secrets: () => node.secrets }),
        clock: { nowMs: () => node.nowMs },
        log: silentLog,
      },
      restored,
    );
    const apply = (command: Command | undefined, atMs = node.nowMs) => {
      assert.ok(command?.op === 'redeem-access-token');
      return tokens.apply(command, { atMs, node: 'node-1', term: 2, index: 7 });
    };
    return { ...node, node, tokens, apply };
  };

  it('give their secret to whoever is agreed on first, on all nodes alike', async () => {
    const [one, other] = [aNode(), aNode()];
    const token = signToken(SECRET, NOW_MS);
    const [first, second] = [one.tokens.redeem(token), other.tokens.redeem(token)];
    const [later, sooner] = [one.node.asked[0], other.node.asked[0]];
    const order = [sooner, later];
    for (const { node, apply } of [other, one]) {
      const results = order.map((asked) => apply(asked?.command));
      assert.deepEqual(results, [true, false]);
      for (const [at, asked] of order.entries()) if (node.asked[0] === asked) asked?.agreed(results[at]);
    }
    const secret = await second;
    assert.match(secret ?? '', /^[0-9a-f]{64}$/);
    assert.equal(await first, undefined);
    for (const { node, tokens } of [one, other]) {
      assert.deepEqual(
        node.stored.map((row) => [row.publicToken, row.secret, row.issuedMs]),
        [[token, secret, NOW_MS]],
      );
      assert.deepEqual(
        [tokens.holds(token, secret ?? ''), tokens.holds(token, 'x'), tokens.holds('x', '')],
        [true, false, false],
      );
    }
    one.node.nowMs += 61 * MINUTE_MS;
    assert.equal(one.tokens.holds(token, secret ?? ''), false);
  });

  it('are refused, without asking anybody, where they are old, of tomorrow, or not of this group', async () => {
    const { node, tokens } = aNode();
    const refused = [
      signToken(SECRET, NOW_MS - LIMITS.useMs - 1_000),
      signToken(SECRET, NOW_MS + MINUTE_MS),
      signToken(OTHER, NOW_MS),
      'ab'.repeat(32),
    ];
    for (const token of refused) assert.equal(await tokens.redeem(token), undefined);
    node.secrets = [];
    assert.equal(await tokens.redeem(signToken(SECRET, NOW_MS)), undefined);
    assert.deepEqual(node.asked, []);
  });

  it('are taken up within their time, and say for how long they count', async () => {
    const { node, tokens } = aNode();
    void tokens.redeem(signToken(SECRET, NOW_MS - LIMITS.useMs));
    const [asked] = node.asked;
    assert.ok(asked?.command.op === 'redeem-access-token');
    assert.equal(asked.command.lifeMs, LIMITS.lifeMs);
  });

  it('that were taken before a restart stay taken, until they are too old to be shown', () => {
    const [kept, old] = [signToken(SECRET, NOW_MS), signToken(SECRET, NOW_MS - 61 * MINUTE_MS)];
    const { apply } = aNode(
      new Map([
        [kept, NOW_MS],
        [old, NOW_MS - 61 * MINUTE_MS],
      ]),
    );
    const command = { op: 'redeem-access-token', secret: 's', lifeMs: 60 * MINUTE_MS } as const;
    assert.equal(apply({ ...command, publicToken: kept, issuedMs: NOW_MS }), false);
    assert.equal(apply({ ...command, publicToken: old, issuedMs: NOW_MS }), false);
    assert.equal(apply({ ...command, publicToken: 'new', issuedMs: NOW_MS }), true);
    assert.equal(
      apply({ ...command, publicToken: old, issuedMs: NOW_MS }),
      true,
      'forgotten: its time alone refuses it',
    );
  });
});
