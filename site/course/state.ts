import { computed, signal } from "@preact/signals";
import { type Figures, problemOf, type Shown, type Values } from "../../examples/14-course/experiment.ts";
import { type SectionId, sectionIds, sections } from "../../examples/14-course/sections.ts";
import type { Found } from "./worker/protocol.ts";

/** The page's section, which its HTML names. */
export const id: SectionId =
  sectionIds.find((one) => one === document.body.dataset["section"]) ?? (sectionIds[0] as SectionId);
export const section = sections[id];

/** The texts in the fields of the settings. */
export const fields = signal<Readonly<Record<string, string>>>(standardFields());

export function standardFields(): Record<string, string> {
  return Object.fromEntries(Object.entries(section.settings).map(([name, { value }]) => [name, String(value)]));
}

/** What is wrong with the fields, by name. */
export const problems = computed<Readonly<Record<string, string>>>(() =>
  Object.fromEntries(
    Object.entries(section.settings).flatMap(([name, setting]) => {
      const why = problemOf(setting, fields.value[name] ?? "");
      return why === undefined ? [] : [[name, why]];
    }),
  ),
);

/** True where a field differs from the section's own. */
export const changed = computed(() =>
  Object.entries(standardFields()).some(([name, value]) => fields.value[name] !== value),
);

/** A run: what it shows, and once it has ended what it has found. */
export interface Run {
  readonly shown: readonly Shown[];
  readonly found?: Pick<Found, "figures" | "seconds"> & Partial<Found>;
}

/** A run recorded by the section's script. */
export interface Recorded {
  readonly adapter: string;
  readonly seconds: number;
  readonly values: Values;
  readonly figures: Figures;
  readonly shown: readonly Shown[];
}

export const recorded = signal<Recorded | undefined>(undefined);
/** The reader's run; undefined before the first one. */
export const own = signal<Run | undefined>(undefined);
export const phase = signal<"idle" | "running" | "stopping">("idle");
export const failure = signal<unknown>(undefined);

/** The run that is shown: the reader's, or the recorded one. */
export const shownRun = computed<(Run & { readonly recorded: boolean }) | undefined>(() => {
  if (own.value) return { ...own.value, recorded: false };
  const { value: run } = recorded;
  return run && { shown: run.shown, found: run, recorded: true };
});
