/** As much of something as a test wants; what is there has the names and the types of the real one, at any depth. */
export type Part<T> = T extends (...given: infer Given) => infer Answer
  ? (...given: Given) => Part<Answer>
  : T extends Promise<infer Answer>
    ? Promise<Part<Answer>>
    : T extends readonly (infer Item)[]
      ? readonly Part<Item>[]
      : T extends object
        ? { readonly [Name in keyof T]?: Part<T[Name]> }
        : T;

/**
 * A double of which the code under test asks no more than what is there. The one place where a test says so to the compiler: whatever is
 * renamed in the real one, or gets another type, is an error in the double, too.
 */
export function partial<T>(double: Part<T>): T {
  return double as unknown as T;
}
