import { adaptation } from "./adaptation.ts";
import { addition } from "./addition.ts";
import { characters } from "./characters.ts";
import { copy, reverse } from "./copy.ts";
import { induction } from "./induction.ts";
import { modular } from "./modular.ts";
import { sort } from "./sort.ts";
import type { Task } from "./task.ts";
import { voices } from "./voices.ts";

/** The tasks that the page has, the first one first. */
export const tasks = {
  sort,
  copy,
  reverse,
  addition,
  induction,
  modular,
  characters,
  voices,
  adaptation,
} as const satisfies Record<string, Task>;

export type TaskName = keyof typeof tasks;

export const taskNames = Object.keys(tasks) as readonly TaskName[];

/** A task by its name. */
export const taskOf = (name: TaskName): Task => tasks[name];
