import { useState } from "preact/hooks";
import type { Hub } from "./hub.ts";

/** Fields for another hub and an access token, effective once submitted. */
export function HubSettings({ hub, take, formClass }: { hub: Hub; take: (hub: Hub) => void; formClass: string }) {
  const [endpoint, setEndpoint] = useState(hub.endpoint);
  const [token, setToken] = useState(hub.token);
  return (
    <form
      class={formClass}
      onSubmit={(event) => {
        event.preventDefault();
        take({ endpoint: endpoint.trim(), token: token.trim() });
      }}
    >
      <label class="field">
        <span>token, for gated models: sent only to the hub, forgotten with this page</span>
        <input
          type="password"
          autocomplete="off"
          value={token}
          onInput={({ currentTarget }) => setToken(currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>address of the hub</span>
        <input id="hub" type="url" value={endpoint} onInput={({ currentTarget }) => setEndpoint(currentTarget.value)} />
      </label>
      <button type="submit">Use these</button>
    </form>
  );
}
