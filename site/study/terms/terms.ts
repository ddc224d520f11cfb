/** Words that a reader who has never written a GPU program may not know, in a sentence or two each. */
export const terms = {
  kernel: "A function that runs many times at once on the GPU. Each file here with an entry point main is one.",
  thread:
    "One run of the kernel. All threads run the same text; what distinguishes them is their number. WGSL says invocation.",
  dispatch: "One start of a kernel: a grid of workgroups, with the buffers that they read and write.",
  workgroup:
    "A fixed number of threads that run together, share a memory of their own, and can wait for one another. CUDA says block.",
  subgroup:
    "The 4 to 128 neighbouring threads of a workgroup that the hardware runs in lockstep. CUDA says warp, AMD wave.",
  storage: "Buffers that all threads see: gigabytes, but hundreds of cycles away. CUDA says global memory.",
  "workgroup memory":
    "16 to 64 KiB that the threads of a workgroup share, tens of cycles away. CUDA says shared memory.",
  barrier:
    "workgroupBarrier() makes each thread of a workgroup wait until all have come: what one wrote before it, the others may read after it.",
  coalescing:
    "Storage is moved in whole segments. Neighbouring threads that read neighbouring numbers share them; threads that read at a distance of a segment or more each need one of their own.",
  segment: "An aligned piece of storage that is moved as a whole: 32 bytes here, as in the caches of NVIDIA's GPUs.",
  excess:
    "Segments that the requests touched, over the fewest that could hold the bytes requested. 1 is perfect; 8 moves eight times what is used.",
  request: "One load or store, made once by a whole subgroup: the hardware serves its threads together.",
  requested: "Bytes that the threads requested, each thread counted for itself.",
  bank: "Workgroup memory has 32 banks: word i is in bank i mod 32. Threads that want different words of one bank wait for one another.",
  divergence: "Threads of a subgroup that take both sides of a branch: the hardware runs both, one after the other.",
  race: "Two threads access the same word, one of them writes, and nothing orders them: what is read depends on chance.",
  occupancy: "How many subgroups a core holds at once: while one waits for memory, another runs.",
  tile: "A piece of a matrix that is copied into workgroup memory or registers, and then used many times.",
  registers:
    "let and var in a function: numbers of one thread, there at once. A thread has room for tens to hundreds of them.",
  shuffle:
    "A thread of a subgroup takes a number that another holds in a register, without memory and without a barrier.",
  atomic: "A function that reads and writes a word as one step, so that threads may add to the same word. Others wait.",
  "out of bounds":
    "An index beyond the end of a buffer. WebGPU makes it harmless, so that a missing check goes unnoticed; here it is reported.",
  step: "One statement, executed once by the threads of one subgroup that are active there.",
} as const;

export type TermName = keyof typeof terms;
