import { addition, additionForwards } from "./addition.ts";
import { copy, reverse } from "./copy.ts";
import { induction } from "./induction.ts";
import { dates } from "./language/dates.ts";
import { masked } from "./language/masked.ts";
import { numbers } from "./language/numbers.ts";
import { opinions } from "./language/opinions.ts";
import { translation } from "./language/translation.ts";
import { modular } from "./modular.ts";
import { sort, sortLetters } from "./sort.ts";
import type { Task } from "./task.ts";
import { adaptation } from "./texts/adaptation.ts";
import { characters } from "./texts/characters.ts";
import { maskedText } from "./texts/masked-text.ts";
import { voices } from "./texts/voices.ts";
import { wordVectors } from "./vectors/words.ts";

/** The page's tasks, the initial one first. */
export const tasks = {
  sort,
  "sort-letters": sortLetters,
  copy,
  reverse,
  induction,
  addition,
  "addition-forwards": additionForwards,
  modular,
  numbers,
  dates,
  translation,
  opinions,
  masked,
  words: wordVectors,
  characters,
  "masked-text": maskedText,
  voices,
  adaptation,
} as const satisfies Record<string, Task>;

export type TaskName = keyof typeof tasks;

export const taskNames = Object.keys(tasks) as readonly TaskName[];

/** A task by its name. */
export const taskOf = (name: TaskName): Task => tasks[name];
