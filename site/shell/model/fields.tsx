import type { Signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { DropArea } from "../controls/drop-area.tsx";
import { counted, fileSize } from "../format.ts";
import type { Hub } from "../hub/hub.ts";
import { HubSettings } from "../hub/hub-settings.tsx";
import { hostOf, type ModelChoice } from "./choice.ts";
import { filesOf, nameOfFiles, picksFolder } from "./dropped.ts";

/** The source of the model: the site, a hub, or the reader's own files. */
export function KindField({ choice, bundled }: { choice: Signal<ModelChoice>; bundled: string }) {
  const kinds: readonly (readonly [ModelChoice["kind"], string, ModelChoice])[] = [
    ["bundled", bundled, { kind: "bundled" }],
    ["named", "By name or address", { kind: "named", text: "" }],
    ["files", "Your files", { kind: "files", name: "", files: {} }],
  ];
  return (
    <>
      {kinds.map(([kind, words, empty]) => (
        <label key={kind} class="kind">
          <input
            type="radio"
            name="model-kind"
            value={kind}
            checked={kind === choice.value.kind}
            onChange={() => {
              choice.value = empty;
            }}
          />
          {words}
        </label>
      ))}
    </>
  );
}

/** The name of a repository or an address, with the hub that names refer to. */
export function NameField({
  choice,
  hub,
  text,
  label,
  example,
}: {
  choice: Signal<ModelChoice>;
  hub: Signal<Hub>;
  text: string;
  label: string;
  example: string;
}) {
  return (
    <>
      <label class="field">
        <span>{label}</span>
        <input
          id="model-name"
          type="text"
          inputMode="url"
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          placeholder={example}
          value={text}
          onInput={({ currentTarget: { value } }) => {
            choice.value = { kind: "named", text: value };
          }}
        />
      </label>
      <details>
        <summary>Access token, another hub</summary>
        <HubSettings
          hub={hub.value}
          take={(place) => {
            hub.value = place;
          }}
          formClass="hub"
        />
      </details>
    </>
  );
}

/** A model's folder, picked or dropped. */
export function FolderField({
  choice,
  chosen,
  hint,
}: {
  choice: Signal<ModelChoice>;
  chosen: Extract<ModelChoice, { kind: "files" }>;
  hint: string;
}) {
  const folder = useRef<HTMLInputElement>(null);
  const take = (name: string, list: readonly File[]) => {
    // In subfolders, as in sentence-transformers, the path within the folder.
    const path = (file: File) => file.webkitRelativePath.split("/").slice(1).join("/") || file.name;
    choice.value = { kind: "files", name, files: Object.fromEntries(list.map((file) => [path(file), file])) };
  };
  const given = Object.values(chosen.files);
  return (
    <DropArea
      label="Files of a model"
      onDropped={(data) => void filesOf(data).then(({ name, files }) => take(name, files))}
    >
      <p>
        {given.length > 0
          ? `${chosen.name}: ${counted(given.length, "file")}, ${fileSize(given.reduce((sum, { size }) => sum + size, 0))}`
          : hint}
      </p>
      <p class="row">
        <button type="button" onClick={() => folder.current?.click()}>
          Pick a folder
        </button>
      </p>
      <input
        ref={folder}
        type="file"
        hidden
        id="model-folder"
        aria-label="A model's folder"
        {...picksFolder}
        onChange={({ currentTarget }) => {
          const list = [...(currentTarget.files ?? [])];
          take(list[0]?.webkitRelativePath.split("/")[0] || nameOfFiles(list), list);
          currentTarget.value = "";
        }}
      />
    </DropArea>
  );
}

/** The origin of a model's files, and what leaves the device. */
export function privacy(choice: ModelChoice, hub: Hub, nowhere: string): string {
  if (choice.kind === "files") return "Your files are read here and go nowhere.";
  const from = choice.kind === "bundled" ? "this site" : (hostOf(choice, hub.endpoint) ?? "the host that you name");
  return `The model's files come from ${from}; ${nowhere}.`;
}
