import { useEffect, useRef } from "preact/hooks";
import { pageKeys, singleKeys, switchSingleKeys } from "./keys.ts";

/** The button and the sheet that list the keys of the page. */
export function Help() {
  const sheet = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const show = () => (sheet.current?.open ? sheet.current.close() : sheet.current?.showModal());
    const help = { keys: "?", does: "shows or hides this help", single: true, run: show };
    pageKeys.value = [{ ...help, matches: ({ key }) => key === "?" }, ...pageKeys.value];
    return () => {
      pageKeys.value = pageKeys.value.filter(({ keys }) => keys !== "?");
    };
  }, []);
  return (
    <>
      <button type="button" aria-haspopup="dialog" aria-label="Keys" onClick={() => sheet.current?.showModal()}>
        ?<span class="words"> keys</span>
      </button>
      <dialog ref={sheet} aria-label="Keys">
        <h2>Keys</h2>
        <table>
          <tbody>
            {pageKeys.value.map(({ keys, does }) => (
              <tr key={keys}>
                <th scope="row">
                  <kbd>{keys}</kbd>
                </th>
                <td class="wraps">{does}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p>
          <label>
            <input
              type="checkbox"
              checked={singleKeys.value}
              onChange={({ currentTarget }) => switchSingleKeys(currentTarget.checked)}
            />{" "}
            Single-character keys act when no field has the focus
          </label>
        </p>
        <p class="row">
          <button type="button" onClick={() => sheet.current?.close()}>
            Close
          </button>
        </p>
      </dialog>
    </>
  );
}
