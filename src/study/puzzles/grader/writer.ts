// Who wrote a word.
import type { Access, Observer } from "../../../wgsl/run/execute/observer.ts";
import { forEachLane, type State } from "../../../wgsl/run/execute/state.ts";

/** The store that wrote a word last. */
interface Writer {
  /** `local_invocation_index` of the thread. */
  readonly lane: number;
  readonly workgroup: readonly [number, number, number];
  /** In characters from the start of the text. */
  readonly at: number;
}

/** Watches a byte of a buffer. */
export function writerOf(name: string, byte: number): { readonly observer: Observer; last(): Writer | undefined } {
  let last: Writer | undefined;
  const access = (state: State, { kind, at, site }: Access) => {
    if (kind === "load" || site.variable.name !== name) return () => {};
    const base = site.address === undefined ? -1 : site.address * state.width;
    const { size } = site.reference.type;
    return () =>
      forEachLane(state.active, (lane) => {
        const address = base < 0 ? 0 : (state.i32[base + lane] as number);
        const first = address + site.offset;
        if (address >= 0 && byte >= first && byte < first + size) last = { lane, workgroup: state.workgroup, at };
      });
  };
  return { observer: { access }, last: () => last };
}
