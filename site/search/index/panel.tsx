import { useRef } from "preact/hooks";
import { DropArea } from "../../shell/controls/drop-area.tsx";
import { counted, fileSize } from "../../shell/format.ts";
import { building, index } from "../state.ts";
import { deleteIndex, exportIndex, importIndex } from "./make.ts";

/** The stored index: export, import, deletion. */
export function IndexPanel() {
  const input = useRef<HTMLInputElement>(null);
  const now = index.value;
  return (
    <DropArea panel label="Index" onDropped={({ files: [file] }) => file && void importIndex(file)}>
      <h2>Index</h2>
      <p class="small">
        {now
          ? `${counted(now.passages.length, "passage")}, ${fileSize(now.vectors.byteLength)} of vectors${now.kept === true ? ", kept in this browser" : ""}.`
          : "There is none yet. One that was exported can be imported, by picking or dropping the file."}
      </p>
      <p class="row">
        <button type="button" aria-disabled={!now} onClick={() => now && exportIndex()}>
          Export
        </button>
        <button type="button" disabled={building.value !== undefined} onClick={() => input.current?.click()}>
          Import
        </button>
        <button type="button" aria-disabled={!now} onClick={() => now && void deleteIndex()}>
          Delete
        </button>
      </p>
      <input
        ref={input}
        type="file"
        hidden
        id="index-file"
        accept=".safetensors"
        aria-label="An exported index"
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          if (file) void importIndex(file);
          currentTarget.value = "";
        }}
      />
      <p class="small muted">
        The file is safetensors: a row of f32 for each passage, and the passages as JSON. It holds your texts.
      </p>
    </DropArea>
  );
}
