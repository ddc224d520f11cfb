/** Where the hub is, and the token it is given. Neither is kept, nor part of a link. */
export interface Hub {
  readonly endpoint: string;
  readonly token: string;
}

export const standardHub: Hub = { endpoint: "https://huggingface.co", token: "" };
