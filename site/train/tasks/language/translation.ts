import { answered, ofSentences, otherModels } from "../pairs.ts";
import { below, pick, split } from "../random.ts";
import type { Random, Task } from "../task.ts";
import { wordsOf } from "./words.ts";

/** Words with gendered forms in French, and their position before or after the noun there. */
const articles = { the: ["le", "la"], a: ["un", "une"], this: ["ce", "cette"], my: ["mon", "ma"] } as const;
const before = {
  small: ["petit", "petite"],
  big: ["grand", "grande"],
  pretty: ["joli", "jolie"],
  bad: ["mauvais", "mauvaise"],
} as const;
const after = {
  black: ["noir", "noire"],
  white: ["blanc", "blanche"],
  green: ["vert", "verte"],
  heavy: ["lourd", "lourde"],
  warm: ["chaud", "chaude"],
} as const;
const masculine = { cat: "chat", dog: "chien", horse: "cheval", book: "livre", boat: "bateau", bread: "pain" } as const;
const feminine = {
  house: "maison",
  car: "voiture",
  table: "table",
  flower: "fleur",
  door: "porte",
  key: "clef",
} as const;
const verbs = { sees: "voit", wants: "veut", takes: "prend", finds: "trouve", sells: "vend", loses: "perd" } as const;

const nouns = [
  ...Object.entries(masculine).map((pair) => [...pair, 0] as const),
  ...Object.entries(feminine).map((pair) => [...pair, 1] as const),
];
const adjectives = [
  ...Object.entries(before).map((pair) => [...pair, "before"] as const),
  ...Object.entries(after).map((pair) => [...pair, "after"] as const),
];

const words = wordsOf(
  [articles, before, after, masculine, feminine, verbs].flatMap((table) =>
    Object.entries<string | readonly string[]>(table).flat(2),
  ),
);

/** A noun with its article and at most so many adjectives, in both languages. */
function phrase(random: Random, most: number): readonly [english: string, french: string] {
  const [noun, nom, gender] = pick(random, nouns);
  const [article, forms] = pick(random, Object.entries(articles));
  const count = below(random, most + 1);
  // At most one of each kind, so that their order in French is known: petit chat noir.
  const kinds = count === 2 ? ["before", "after"] : count === 1 ? [pick(random, ["before", "after"])] : [];
  const chosen = kinds.map((kind) =>
    pick(
      random,
      adjectives.filter(([, , where]) => where === kind),
    ),
  );
  const inFrench = (kind: "before" | "after") =>
    chosen.flatMap(([, both, where]) => (where === kind ? [both[gender]] : []));
  return [
    [article, ...chosen.map(([word]) => word), noun].join(" "),
    [forms[gender], ...inFrench("before"), nom, ...inFrench("after")].join(" "),
  ];
}

/** Words of a sentence with so many adjectives for each noun. */
const longest = (adjectivesOfEach: number): number => 2 * (2 + adjectivesOfEach) + 1;

/**
 * A grammar of English and one of French: articles and adjectives follow the noun's gender, most adjectives the noun.
 */
export const translation: Task = {
  name: "translation",
  title: "Translate",
  group: "Sentences",
  says: "A sentence of a small English, and the same in French: the black cat sees a house > → le chat noir voit une maison. Articles and adjectives follow the noun's gender, and some adjectives change places with it: the attention crosses there.",
  length: { label: "adjectives of a noun", range: [0, 2], standard: 2 },
  ...ofSentences,
  variations: otherModels(
    {
      paper:
        "The Transformer of 2017 was made for this: an encoder reads the sentence, and a decoder that looks at it writes the other.",
      attentive:
        "Each word that is written finds the one that it translates; the picture crosses at noun and adjective.",
      plain: "One state has to hold the whole sentence, and after 1000 steps no sentence is right.",
    },
    { steps: 1000 },
  ),
  examples: (most) =>
    answered({
      ...words.tokensWith(">."),
      promptLength: longest(most) + 1,
      answerLength: longest(most) + 1,
      end: ".",
      ...split((random) => {
        const [subject, sujet] = phrase(random, most);
        const [verb, verbe] = pick(random, Object.entries(verbs));
        const [object, objet] = phrase(random, most);
        return {
          prompt: `${words.of(`${subject} ${verb} ${object}`)}>`,
          answer: `${words.of(`${sujet} ${verbe} ${objet}`)}.`,
        };
      }, 0.05),
    }),
};
