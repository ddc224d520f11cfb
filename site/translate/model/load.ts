import { modelLoader } from "../../shell/model/loader.ts";
import { choice, failure, hub, model, plan } from "../state.ts";
import { client } from "../worker/client.ts";
import { nameOf, sourceOf } from "./choice.ts";

export const { followChoice, loadModel, cancelLoading } = modelLoader({
  client,
  choice,
  hub,
  plan,
  model,
  nameOf,
  sourceOf,
  begun: () => {
    failure.value = undefined;
  },
  failed: (error) => {
    failure.value = { during: "load", error };
  },
});
