import { useState } from "preact/hooks";
import { ladders } from "../../../src/study/ladders/ladders.ts";
import { count } from "../../shell/format.ts";
import { speeds, speedWords } from "../gpu/speed.ts";
import { ownKernel } from "../own/given.ts";
import { chooseKernel, study } from "../state.ts";
import { rungOf, shownName } from "./rungs.ts";

/** Set when the site is built. */
declare const KERNEL_NAMES: readonly string[];

/** The ladders, of which the chosen kernel's is open, and a list of all kernels. */
export function KernelList() {
  const chosen = rungOf(study.value.kernel)?.ladder.name;
  return (
    <>
      <p class="small muted">Ladders, in reading order: each kernel adds one idea to the one before.</p>
      {ladders.map(({ name, rungs }) => (
        <details key={name} open={name === chosen}>
          <summary>{name}</summary>
          <ol class="rungs">
            {rungs.map((rung) => (
              <li key={rung.kernel}>
                <KernelButton name={rung.kernel} />
                <span class="small muted"> {rung.idea}</span>
                <SpeedOf kernel={rung.kernel} />
              </li>
            ))}
          </ol>
        </details>
      ))}
      <AllKernels open={chosen === undefined && study.value.kernel !== ownKernel} />
      <p>
        <KernelButton name={ownKernel} /> <span class="small muted">to write or paste</span>
      </p>
    </>
  );
}

/** The last time of a rung on the visitor's GPU, whose result was right. */
function SpeedOf({ kernel }: { kernel: string }) {
  const speed = speeds.value.get(kernel);
  if (!speed) return null;
  return (
    <span class="small">
      {speed.ms !== undefined && <span class="right">✓</span>} {speedWords(speed)}
    </span>
  );
}

function KernelButton({ name }: { name: string }) {
  const isChosen = name === study.value.kernel;
  return (
    <button
      type="button"
      class="kernel-name"
      aria-current={isChosen ? "true" : undefined}
      onClick={() => chooseKernel(name)}
    >
      {shownName(name)}
    </button>
  );
}

function AllKernels({ open }: { open: boolean }) {
  const [wanted, setWanted] = useState("");
  const all = KERNEL_NAMES;
  const words = wanted.toLowerCase().split(/\s+/);
  const found = all.filter((name) => words.every((word) => name.includes(word)));
  return (
    <details open={open}>
      <summary>All kernels</summary>
      <label class="field">
        Names that contain
        <input
          type="search"
          id="kernel-search"
          value={wanted}
          onInput={({ currentTarget }) => setWanted(currentTarget.value)}
        />
      </label>
      <p class="small muted">
        {count(found.length)} of {count(all.length)}
      </p>
      <ul class="kernel-names">
        {found.map((name) => (
          <li key={name}>
            <KernelButton name={name} />
          </li>
        ))}
      </ul>
    </details>
  );
}
