import { type Sample, type Start, type Subject, type Visit, visit } from "../sample.ts";

/** The interface of a page for its driver. */
export interface SubjectPage {
  readonly visit: Promise<Visit>;
  generate(prompt: string, tokens: number): Promise<Sample>;
}

/** Opens a subject immediately, as requested by the page's fragment, and lets it generate. */
export function startPage(open: (start: Start) => Promise<Subject>): void {
  const given = new URLSearchParams(location.hash.slice(1));
  const start: Start = {
    hub: location.origin,
    prompt: given.get("prompt") ?? "",
    tokens: Number(given.get("tokens")),
  };
  const opened = visit(() => open(start), start);
  const page: SubjectPage = {
    visit: opened.then((both) => both.visit),
    generate: async (prompt, tokens) => (await opened).subject.generate(prompt, tokens),
  };
  Reflect.set(globalThis, "subjectPage", page);
}
