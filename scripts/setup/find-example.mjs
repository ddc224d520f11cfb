/** Finds an example by its number or name among all names; for an unknown one it throws an `Error` with the list. */
export function findExample(word, names) {
  const numbered = names.filter((name) => /^\d/.test(name)).sort();
  const found = numbered.filter((name) => name === word || name.startsWith(`${word}-`));
  if (found.length === 1) return found[0];
  if (found.length > 1) throw new Error(`"${word}" is ${found.join(" or ")}: give the whole name`);
  throw new Error(`there is no example "${word}"; there are ${numbered.join(", ")}`);
}
