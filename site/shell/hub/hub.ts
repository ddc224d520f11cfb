/** The hub's address and token. Neither is stored, nor part of a link. */
export interface Hub {
  readonly endpoint: string;
  readonly token: string;
}

export const standardHub: Hub = { endpoint: "https://huggingface.co", token: "" };
