/** An engine in one environment. */
export interface SubjectName {
  readonly id: string;
  /** Human-readable. */
  readonly title: string;
  /** The page, with its fragment; undefined for a Node process. */
  readonly page?: { readonly path: string; readonly fragment?: string };
  readonly peer: boolean;
}

/** The subjects, in the order of turns. */
export const subjects = [
  { id: "node", title: "Shaderformer, in Node", peer: false },
  {
    id: "main",
    title: "Shaderformer, on the page's thread",
    page: { path: "/main/index.html" },
    peer: false,
  },
  {
    id: "worker",
    title: "Shaderformer, in a worker",
    page: { path: "/worker/index.html" },
    peer: false,
  },
  {
    id: "transformers",
    title: "transformers.js",
    page: { path: "/transformers/index.html" },
    peer: true,
  },
  {
    id: "transformers-no-subgroups",
    title: "transformers.js, no subgroups",
    page: { path: "/transformers/index.html", fragment: "no-subgroups" },
    peer: true,
  },
] as const satisfies readonly SubjectName[];

export type SubjectId = (typeof subjects)[number]["id"];

/** Reads names of subjects, separated by commas; default all. Throws a RangeError that lists the valid ones. */
export function parseSubjects(text?: string): readonly SubjectName[] {
  if (text === undefined) return subjects;
  const ids = text.split(",").map((id) => id.trim());
  const unknown = ids.find((id) => !subjects.some((subject) => subject.id === id));
  if (unknown !== undefined) {
    throw new RangeError(`there is no subject "${unknown}"; there are ${subjects.map(({ id }) => id).join(", ")}`);
  }
  return subjects.filter(({ id }) => ids.includes(id));
}
