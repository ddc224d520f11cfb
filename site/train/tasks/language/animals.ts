import { below, pick } from "../random.ts";
import type { Random } from "../task.ts";

/** An animal: its names in singular and plural, what it does, and where it lives. */
interface Animal {
  readonly names: readonly [one: string, several: string];
  readonly does: readonly [one: string, several: string];
  readonly home: string;
}

const animals: readonly Animal[] = [
  { names: ["dog", "dogs"], does: ["barks", "bark"], home: "kennel" },
  { names: ["cat", "cats"], does: ["purrs", "purr"], home: "basket" },
  { names: ["bird", "birds"], does: ["sings", "sing"], home: "nest" },
  { names: ["fish", "fishes"], does: ["swims", "swim"], home: "pond" },
  { names: ["horse", "horses"], does: ["gallops", "gallop"], home: "stable" },
  { names: ["bee", "bees"], does: ["hums", "hum"], home: "hive" },
];
const adjectives = ["small", "old", "young", "happy"];

/** Words with singular and plural forms. */
const [which, sees, fears, goes, whose] = [
  ["this", "these"],
  ["sees", "see"],
  ["fears", "fear"],
  ["goes", "go"],
  ["its", "their"],
] as const;

/** All words of the grammar. */
export const animalWords: readonly string[] = [
  ...[...which, ...sees, ...fears, ...goes, ...whose, ...adjectives, "that", "and", "to"],
  ...animals.flatMap(({ names, does, home }) => [...names, ...does, home]),
];

/** Words of the longest sentence with so many clauses that begin with `that`. */
export const longestSentence = (clauses: number): number => 3 + 5 * clauses + 6;

/**
 * A sentence about an animal: this old dog that sees these bees barks and goes to its kennel. Verbs and `its` agree
 * with the first animal's number across any others; what it does and where it lives depend on the animal.
 */
export function animalSentence(random: Random, maxClauses: number): string {
  const phrase = () => {
    const [animal, number] = [pick(random, animals), below(random, 2) as 0 | 1];
    const adjective = random() < 0.5 ? [pick(random, adjectives)] : [];
    return { animal, number, words: [which[number], ...adjective, animal.names[number]] };
  };
  const { animal, number, words } = phrase();
  const clauses = Array.from({ length: below(random, maxClauses + 1) }, () => {
    return ["that", pick(random, [sees, fears])[number], ...phrase().words];
  });
  const does = [animal.does[number], "and", goes[number], "to", whose[number], animal.home];
  return [...words, ...clauses.flat(), ...does].join(" ");
}
