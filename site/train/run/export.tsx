import { downloadZip } from "client-zip";
import { useState } from "preact/hooks";
import { keepTrained } from "../../shell/model/trained.ts";
import { trainedLink } from "../../shell/model/trained-link.ts";
import { writeFragment } from "../../shell/permalink.ts";
import { download, say } from "../../shell/status.ts";
import { folderWords, isDecoder } from "../setup/architectures.ts";
import { failure, history, settings } from "../state.ts";
import { taskOf } from "../tasks/tasks.ts";
import { client } from "../worker/client.ts";
import type { Exported } from "../worker/protocol.ts";

interface WithPicker {
  readonly showDirectoryPicker?: (options: { mode: "readwrite" }) => Promise<FileSystemDirectoryHandle>;
}

const canPick = () => (globalThis as WithPicker).showDirectoryPicker !== undefined;

/**
 * Saves the model as a folder: for the page Generate if it opens such models, in a folder of the reader's, or as a zip
 * file.
 */
export function ExportButtons() {
  const [says, setSays] = useState("");
  const { task, architecture } = settings.value;
  const { adapts } = taskOf(task);
  const run = async (save: (folder: Exported) => Promise<string>, whole = false) => {
    try {
      const words = await save(await client.call("export", { whole }));
      setSays(words);
      say(words);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return; // the reader chose no folder
      failure.value = { during: "export", error };
    }
  };
  return (
    <p class="row" id="export">
      {(adapts || isDecoder(architecture)) && (
        <button type="button" onClick={() => void run(inGenerate, true)}>
          Open in Generate
        </button>
      )}
      <button type="button" onClick={() => void run(asZip)}>
        Export as a zip file
      </button>
      {canPick() && (
        <button type="button" onClick={() => void run(intoFolder)}>
          Export to a folder…
        </button>
      )}
      <span class="small muted">
        {says ||
          (adapts
            ? "The adapter alone, as PEFT's folders are; Generate opens the model with the adapter merged."
            : folderWords(architecture))}
      </span>
    </p>
  );
}

/** Stores the model for the page Generate, and goes there with the last input. */
async function inGenerate({ files }: Exported): Promise<string> {
  const { task } = settings.value;
  await keepTrained(task, files);
  const prompt = history.value.looks.at(-1)?.samples[0]?.prompt ?? "";
  const link = writeFragment([
    ["model", trainedLink(task)],
    ["mode", "complete"],
    ["prompt", prompt],
  ]);
  location.assign(`../generate/index.html${link}`);
  return "Opening Generate…";
}

async function asZip({ name, files }: Exported): Promise<string> {
  const lastModified = new Date(1980, 0, 1); // so that the same run gives the same file
  const entries = Object.entries(files).map(([file, input]) => ({ name: `${name}/${file}`, input, lastModified }));
  download(`${name}.zip`, await downloadZip(entries).blob());
  return `${name}.zip is saved.`;
}

async function intoFolder({ name, files }: Exported): Promise<string> {
  const picked = await (globalThis as WithPicker).showDirectoryPicker?.({ mode: "readwrite" });
  if (!picked) throw new Error("this browser does not let pages write folders");
  const folder = await picked.getDirectoryHandle(name, { create: true });
  for (const [file, blob] of Object.entries(files)) {
    const stream = await (await folder.getFileHandle(file, { create: true })).createWritable();
    await stream.write(blob);
    await stream.close();
  }
  return `${name} is saved in ${picked.name}.`;
}
