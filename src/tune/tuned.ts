// Measurements of a device in use: they come before an op's own order of variants.
import type { Gpu } from "../gpu/gpu.ts";
import { type OpCall, type Preference, setPreference } from "../kernels/define/preference.ts";
import { keyOf } from "./call-key.ts";
import { kernelTexts } from "./kernel-texts.ts";
import { nameOf, parseTuning, type TunedRow, tunedDevice } from "./tuning-record.ts";
import { tuningStore } from "./tuning-store.ts";

/** Options of {@link useTuned}. */
export interface UseTunedOptions {
  /** In Node, the folder; default `shaderformer/tuning` in `XDG_CACHE_HOME`, or in `~/.cache`. */
  readonly folder?: string | undefined;
  /** Called where stored measurements are not used, with the reason; default: a warning on the console. */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

/** The measurements in use, by device. */
const inUse = new WeakMap<Gpu, Tuned>();

interface Tuned {
  readonly rows: ReadonlyMap<string, TunedRow>;
  /** The row that holds for a call: its kernels are those that were measured. */
  readonly rowOf: (call: OpCall) => TunedRow | undefined;
}

/**
 * Reads what `tune` stored for this device and uses it from now on for calls that name no variant. Returns the number
 * of its measurements, 0 without any. A record that cannot be used, because it is damaged, of another device
 * or of kernels that have changed since, is skipped with a warning.
 */
export async function useStored(gpu: Gpu, { folder, onWarning = console.warn }: UseTunedOptions = {}): Promise<number> {
  const rows = await storedRows(gpu, { folder, onWarning });
  useRows(gpu, rows, onWarning);
  return rows.length;
}

/** What is stored of this device; none, with a warning, where it cannot be used. */
export async function storedRows(
  gpu: Gpu,
  { folder, onWarning = console.warn }: UseTunedOptions,
): Promise<readonly TunedRow[]> {
  const device = tunedDevice(gpu);
  try {
    const stored = await tuningStore(folder)?.read(nameOf(device));
    return stored === undefined ? [] : parseTuning(stored, device).rows;
  } catch (error) {
    onWarning(`stored tuning is not used: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}

/** Uses these measurements on a device in place of earlier ones; none: the tables alone. */
export function useRows(gpu: Gpu, rows: readonly TunedRow[], onWarning: (warning: string) => void = () => {}): void {
  if (rows.length === 0) {
    inUse.delete(gpu);
    setPreference(gpu, undefined);
    return;
  }
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const checked = new Map<string, TunedRow | undefined>();
  let warned = false;
  const rowOf = (call: OpCall) => {
    const key = keyOf(call);
    const row = byKey.get(key);
    if (!row) return undefined;
    if (!checked.has(key)) {
      const why = staleness(gpu, call, row);
      if (why !== undefined && !warned) {
        warned = true; // the kernels of one release change together
        onWarning(
          `stored tuning of ${call.op.opName} is not used: ${why}; tune again to measure the kernels as they are`,
        );
      }
      checked.set(key, why === undefined ? row : undefined);
    }
    return checked.get(key);
  };
  const preference: Preference = (call) => {
    const row = call.wanted === undefined ? rowOf(call) : undefined;
    return row && [row.choice];
  };
  inUse.set(gpu, { rows: byKey, rowOf });
  setPreference(gpu, preference);
}

/** The measurement by which a call's variant is chosen on this device, where there is one. */
export const tunedRow = (gpu: Gpu, call: OpCall): TunedRow | undefined => inUse.get(gpu)?.rowOf(call);

/** The measurements in use on a device. */
export const tunedRows = (gpu: Gpu): readonly TunedRow[] => [...(inUse.get(gpu)?.rows.values() ?? [])];

/** Why a measurement no longer holds: a kernel's text has changed, or a variant was added. */
function staleness(gpu: Gpu, call: OpCall, row: TunedRow): string | undefined {
  const { variants, texts } = kernelTexts(gpu, call);
  const changed = Object.keys(texts).find((name) => Object.hasOwn(row.texts, name) && row.texts[name] !== texts[name]);
  if (changed !== undefined) return `the text of ${changed.split(" ")[0]} has changed since`;
  const unknown = variants.find((variant) => !row.variants.some(({ name }) => name === variant));
  return unknown === undefined ? undefined : `it has not measured the variant ${unknown}`;
}
