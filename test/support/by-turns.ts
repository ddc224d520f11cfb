/** Devices and families: all families on the first device, and on each other device one, spread over the list. */
export function byTurns<G, N>(devices: Readonly<Record<string, G>>, families: readonly N[]): [string, N, G][] {
  const all = Object.entries(devices);
  return all.flatMap(([device, gpu], turn) => {
    const own = Math.floor((turn * families.length) / all.length);
    return (turn === 0 ? families : families.slice(own, own + 1)).map((family): [string, N, G] => [
      device,
      family,
      gpu,
    ]);
  });
}
