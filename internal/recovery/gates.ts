/** One named question of a decision, with its answer and where the answer came from. */
export interface Gate {
  readonly name: string;
  readonly passed: boolean;
  /** What was seen, in words. */
  readonly value: string;
  /** Where it was seen: a configuration key, a probe, the backend. */
  readonly source: string;
  readonly ageMs?: number;
}

/** The first gate that says no; undefined when all agree. */
export function firstNo(gates: readonly Gate[]): Gate | undefined {
  return gates.find((gate) => !gate.passed);
}
