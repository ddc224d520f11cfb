// The course's sections in their order. Their texts are in docs/course.md, under the same titles.
import { inside } from "./inside/sections.ts";
import { sequences } from "./sequences/sections.ts";
import { transformers } from "./transformers/sections.ts";
import { words } from "./words/sections.ts";
import { writing } from "./writing/sections.ts";

export const sections = { ...words, ...sequences, ...transformers, ...writing, ...inside } as const;

export type SectionId = keyof typeof sections;
export type SettingsOf<Id extends SectionId> = (typeof sections)[Id]["settings"];

/** The sections' ids, in order. */
export const sectionIds = Object.keys(sections) as readonly SectionId[];
