// with: lib/no-index
// Which row of the cache a position has when it lies in pages [pages, g, s]: row at mod s of page blockTable[b, at /
// s]. None where the table has no entry, or its entry is not a page.

struct Pages { count: u32, entries: u32 }  // number of pages, entries of a row of the table

@group(3) @binding(0) var<storage, read> blockTable: array<u32>;  // [b, entries]
@group(3) @binding(1) var<uniform> pages: Pages;

fn cache_row(b: u32, g: u32, at: u32) -> u32 {
  let entry = at / params.s;
  if (entry >= pages.entries) { return NO_INDEX; }
  let page = blockTable[b * pages.entries + entry];
  return select(NO_INDEX, (page * params.g + g) * params.s + at % params.s, page < pages.count);
}
