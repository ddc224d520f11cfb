/** Token ids that are the same for the same arguments. */
export const someTokens = (count: number, vocabulary: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => (seed * 7919 + i * 104729 + 17) % vocabulary);
