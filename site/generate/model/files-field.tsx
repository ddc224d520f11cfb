import { useRef } from "preact/hooks";
import { DropArea } from "../../shell/controls/drop-area.tsx";
import { counted, fileSize } from "../../shell/format.ts";
import { filesOf, nameOfFiles, picksFolder } from "../../shell/model/dropped.ts";
import { choose } from "../state.ts";
import type { ModelChoice } from "./choice.ts";

/** A place to drop a folder or files, and buttons to pick them. */
export function FilesField({ chosen }: { chosen: Extract<ModelChoice, { kind: "files" }> }) {
  const folder = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const take = (name: string, list: readonly File[]) =>
    choose({ kind: "files", name, files: Object.fromEntries(list.map((file) => [file.name, file])) });
  const picked = ({ currentTarget }: { currentTarget: HTMLInputElement }) => {
    const list = [...(currentTarget.files ?? [])];
    const [first = ""] = list[0]?.webkitRelativePath.split("/") ?? [];
    if (list.length > 0) take(first || nameOfFiles(list), list);
    currentTarget.value = ""; // so that the same file can be picked again
  };
  const given = Object.entries(chosen.files);
  const bytes = given.reduce((sum, [, { size }]) => sum + size, 0);
  return (
    <DropArea
      label="Files of a model"
      onDropped={(data) => void filesOf(data).then(({ name, files: list }) => take(name, list))}
    >
      <p>
        {given.length > 0
          ? `${chosen.name}: ${counted(given.length, "file")}, ${fileSize(bytes)}`
          : "Drop a GGUF file here, or a model's folder or its files: config.json, tokenizer.json and safetensors."}
      </p>
      <p class="row">
        <button type="button" onClick={() => folder.current?.click()}>
          Pick a folder
        </button>
        <button type="button" onClick={() => files.current?.click()}>
          Pick files
        </button>
      </p>
      <input ref={folder} type="file" hidden aria-label="A model's folder" {...picksFolder} onChange={picked} />
      <input ref={files} type="file" hidden multiple aria-label="A model's files" onChange={picked} />
    </DropArea>
  );
}
