import { sim } from "./sim.ts";

/** Storage of the page between visits; without effect or error if storage is full or forbidden. */
const storage = (): Storage => {
  if (sim === "no-storage") throw new DOMException("simulated", "SecurityError");
  return localStorage;
};

/** The text stored under a name, or undefined, also without storage. */
export function kept(name: string): string | undefined {
  try {
    return storage().getItem(`shaderformer-${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Stores a text under a name, or deletes it; false if the browser refuses. */
export function keep(name: string, text: string | undefined): boolean {
  try {
    if (text === undefined) storage().removeItem(`shaderformer-${name}`);
    else storage().setItem(`shaderformer-${name}`, text);
    return true;
  } catch {
    return false;
  }
}
