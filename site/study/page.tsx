import { useEffect, useState } from "preact/hooks";
import { Shell } from "../shell/shell.tsx";
import { Troubles } from "../shell/trouble/troubles.tsx";
import { AccessPanel } from "./access/card.tsx";
import { GpuPanel } from "./gpu/panel.tsx";
import { KernelList } from "./kernels/list.tsx";
import { LanesPanel } from "./lanes/panel.tsx";
import { MemoryPanel } from "./memory/panel.tsx";
import { OwnPanel } from "./own/panel.tsx";
import { PuzzleLists } from "./puzzles/lists.tsx";
import { PuzzlePanel } from "./puzzles/panel.tsx";
import { CheckPanel } from "./results/check-panel.tsx";
import { CountersPanel } from "./results/counters.tsx";
import { FaultsPanel } from "./results/faults.tsx";
import { PrintsPanel } from "./results/prints-panel.tsx";
import { Transport } from "./session/transport.tsx";
import { KernelHead } from "./setup/head.tsx";
import { SetupPanel } from "./setup/panel.tsx";
import { SourcePane } from "./source/pane.tsx";
import { troubles } from "./troubles.ts";

/** Where the list of kernels is folded: its summary is only there then. */
const small = matchMedia("(max-width: 860px)");

/** The page on which kernels are studied: stepped through, counted, checked, timed. */
export function Page() {
  const [narrow, setNarrow] = useState(small.matches);
  useEffect(() => {
    const follow = () => setNarrow(small.matches);
    follow();
    small.addEventListener("change", follow);
    return () => small.removeEventListener("change", follow);
  }, []);
  return (
    <Shell page="Study" skips={[{ to: "steps", words: "Skip to the steps" }]}>
      <h1>Study kernels</h1>
      <p class="lead">
        The WGSL files that run on the GPU, thread by thread: step forwards and back, look into memory, change them, and
        see what breaks. No GPU is needed, and nothing leaves this device.
      </p>
      <Troubles troubles={troubles.value} />
      <div class="study">
        <nav class="kernels" aria-label="Kernels">
          <details open={!narrow}>
            <summary>Kernels</summary>
            <PuzzleLists />
            <KernelList />
          </details>
        </nav>
        <div class="work">
          <FirstSteps />
          <KernelHead />
          <PuzzlePanel />
          <SetupPanel />
          <OwnPanel />
          <Transport />
          <div class="desk">
            <SourcePane />
            <div class="views">
              <LanesPanel />
              <AccessPanel />
              <MemoryPanel />
            </div>
          </div>
          <div class="results">
            <FaultsPanel />
            <CheckPanel />
            <PrintsPanel />
          </div>
          <CountersPanel />
          <GpuPanel />
        </div>
      </div>
    </Shell>
  );
}

/** What a reader who has never written a shader does first. */
function FirstSteps() {
  return (
    <details class="small">
      <summary>New here? How to begin</summary>
      <ol>
        <li>
          What a GPU does is in docs/gpu-primer.md of the repository, its language in a table of shaders/README.md.
          Words with a dotted line say here what they mean.
        </li>
        <li>Take the ladders from the top. Of each kernel read the idea, the text, and what changes since the last.</li>
        <li>
          Step through it (F10). The marked line runs next; next to it are the threads, what they request from memory,
          and the memory.
        </li>
        <li>
          Below, the counters of all workgroups stand next to those of the kernel before, the largest change first.
        </li>
        <li>
          Plant a mistake, and find it: by faults, by the check, by single threads. Then go on to the next kernel.
        </li>
        <li>A kernel of your own runs here too: take “Your own kernel” from the list, and paste its text.</li>
      </ol>
    </details>
  );
}
