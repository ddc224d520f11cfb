/** The README with its kernel tables brought up to date. Throws where a marker is missing. */
export function withKernelTables(readme: string): Promise<string>;
