export function findExample(word: string, names: readonly string[]): string;
