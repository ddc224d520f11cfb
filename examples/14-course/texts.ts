// Texts that the bundled models have not read, and what the experiments on texts share.
import type { Tokenizer } from "shaderformer";

/** From a State of the Union address (Fillmore, 1851) that was held out of the training of the voices. */
export const passage =
  "<|union|>Our country is at peace with all the world. The agitation which for a time threatened to disturb the fraternal relations which make us one people is fast subsiding, and a year of general prosperity and health has crowned the nation with unusual blessings.";

/** More of the same address. */
export const longPassage = `${passage} None can look back to the dangers which are passed or forward to the bright prospect before us without feeling a thrill of gratification, at the same time that he must be impressed with a grateful sense of our profound obligations to a beneficent Providence, whose paternal care is so manifest in the happiness of this highly favored land. Since the close of the last Congress certain Cubans and other foreigners resident in the United States, who were more or less concerned in the previous invasion of Cuba, instead of being discouraged by its failure have again abused the hospitality of this country by making it the scene of the equipment of another military expedition against that possession of Her Catholic Majesty, in which they were countenanced, aided, and joined by citizens of the United States.`;

/** Sentences, each with one that means much the same in other words. */
export const sameMeaning: readonly (readonly [sentence: string, query: string])[] = [
  ["My password no longer works.", "I cannot log in to the account."],
  ["The film bored everybody.", "A dull movie is a waste of time."],
  ["A physician treats sick people.", "Doctors cure the patients of this hospital."],
  ["He purchased an automobile.", "She has bought a new car."],
  ["It is going to rain tomorrow.", "The weather will be wet."],
  ["The baby is asleep.", "An infant lies in bed and dreams."],
  ["Everything costs more than last year.", "The prices are rising."],
  ["Our team won the match.", "They were victorious in a game of football."],
  ["The kitchen smells of fresh bread.", "Someone is baking a cake at home."],
  ["The plane landed late.", "His flight is delayed."],
];

/** The lines of a text that are not empty. */
export const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** A token as it is shown: in quotes, since many begin with a space. */
export const shownToken = ({ decode }: Pick<Tokenizer, "decode">, id: number): string =>
  `“${decode([id], { skipSpecialTokens: false }).replaceAll("\n", "↵")}”`;

/** Throws RangeError for a text of more tokens than a model takes. */
export function assertWithin(name: string, tokens: number, most: number): void {
  if (tokens > most) {
    const short = name.length > 60 ? `${name.slice(0, 60)}…` : name;
    throw new RangeError(`${short} has ${tokens} tokens, expected at most ${most}: choose a shorter one`);
  }
}

/** The ids of a text. Throws RangeError for more than `most`. */
export function idsWithin(tokenizer: Pick<Tokenizer, "encode">, name: string, text: string, most: number): number[] {
  const ids = tokenizer.encode(text);
  assertWithin(name, ids.length, most);
  return ids;
}

/** An index drawn with these probabilities. */
export function draw(random: () => number, probabilities: ArrayLike<number>): number {
  let left = random();
  const last = probabilities.length - 1;
  for (let i = 0; i < last; i++) {
    left -= probabilities[i] ?? 0;
    if (left < 0) return i;
  }
  return last;
}

/** The sum of numbers. */
export const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);

/** The mean of numbers. */
export const mean = (values: ArrayLike<number>): number => sum(values) / values.length;

/** The mean of vectors. */
export const meanVector = (vectors: readonly ArrayLike<number>[]): number[] =>
  Array.from(vectors[0] ?? [], (_, i) => mean(vectors.map((vector) => vector[i] ?? 0)));

/** The cosine of the angle between two vectors: 1 for one direction, 0 for directions at right angles. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const dot = (u: ArrayLike<number>, v: ArrayLike<number>) => sum(Array.from(u, (value, i) => value * (v[i] ?? 0)));
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
