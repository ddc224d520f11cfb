// Several documents in a row of the batch, one after the other.

@group(0) @binding(7) var<storage, read> documents: array<u32>;  // [b, t]

fn document_of(token: u32) -> u32 {
  return documents[token];
}
