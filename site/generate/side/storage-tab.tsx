import { useEffect, useState } from "preact/hooks";
import type { EngineStorage } from "../../../src/engine/engine.ts";
import { device } from "../../shell/device/device.ts";
import { hub, load } from "../model/load.ts";
import { StoragePanel } from "../strips/storage-panel.tsx";
import { engineFor } from "../worker/client.ts";

/** The models stored in this browser, once there is an engine to ask. */
export function StorageTab() {
  const [storage, setStorage] = useState<EngineStorage>();
  const { kind } = device.value;
  useEffect(() => {
    if (kind !== "ready") return;
    let over = false;
    engineFor(hub.value).then(
      (engine) => !over && setStorage(engine.storage),
      () => undefined, // the page says that there is none
    );
    return () => {
      over = true;
    };
  }, [kind]);
  if (!storage) return <p class="small muted">The kept models are listed when the engine is open.</p>;
  return <StoragePanel storage={storage} changed={load.value.kind} />;
}
