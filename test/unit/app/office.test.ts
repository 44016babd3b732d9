import assert from 'node:assert/strict';
import type { Agreement } from '../../../internal/app/agreement.ts';
import { confirmIn, ofUnknownOutcome, untilLost } from '../../../internal/app/office.ts';
import { lost, underMandate } from '../../../internal/recovery/mandate.ts';
import { type ErrorCode, OrchestratorError } from '../../../internal/runtime/errors.ts';

const failing = (code: ErrorCode) => async () => {
  throw new OrchestratorError(code, 'as the test has it');
};

describe('the word of the others that this node leads', () => {
  const agreement: Agreement = {
    ...{ mayAct: true, term: 7, inTouch: true, decide: async () => undefined, confirm: async () => undefined },
  };
  it('is good for the term that it was asked in', async () => {
    await confirmIn(agreement, 7);
    await assert.rejects(confirmIn(agreement, 6), { code: 'NOT_LEADER' });
  });

  it('is worth nothing where a hand-over was ordered meanwhile: the next one may lead a moment later', async () => {
    let mayAct = true;
    const handingOver = {
      ...agreement,
      get mayAct() {
        return mayAct;
      },
      confirm: async () => {
        mayAct = false;
      },
    };
    await assert.rejects(confirmIn(handingOver, 7), { code: 'NOT_LEADER' });
  });
});

describe('what an operator asked of a node that leads no more', () => {
  const [inOffice, deposed] = [new AbortController().signal, AbortSignal.abort()];
  for (const [title, signal, begun, work, code] of [
    ['was begun', inOffice, true, () => Promise.reject(lost('deposed')), 'OUTCOME_UNKNOWN'],
    ['was begun, and broke off', deposed, true, failing('STATEMENT_TIMEOUT'), 'OUTCOME_UNKNOWN'],
    ['was not begun', inOffice, false, () => Promise.reject(lost('deposed')), 'NOT_LEADER'],
    ['failed while it led', inOffice, true, failing('CONFLICT'), 'CONFLICT'],
  ] as const) {
    it(`${title}: ${code}`, async () => {
      await assert.rejects(
        untilLost({ signal }, () => begun, work),
        (err: unknown) => err instanceof OrchestratorError && err.code === code,
      );
    });
  }

  it('may have been begun where nobody knows whether its claim was agreed on', async () => {
    const claim = (code: ErrorCode) => underMandate(failing(code)()).catch((err: unknown) => ofUnknownOutcome(err));
    assert.deepEqual([await claim('OUTCOME_UNKNOWN'), await claim('UNAVAILABLE')], [true, false]);
  });
});
