// Fluent Bit's side of its `wasm` filter (see host.rs), in V8: records come in as hexadecimal lines, and so go answers.
import { readFileSync } from "node:fs";

const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]), {});
const { memory, malloc, free, weir_filter } = instance.exports;

function duplicate(bytes) {
  const block = malloc(bytes.length + 1) >>> 0;
  // Seen anew each time: a memory that grows is another buffer.
  if (block !== 0) new Uint8Array(memory.buffer).set([...bytes, 0], block);
  return block;
}

function filter(record) {
  const [tag, copy] = [duplicate(Buffer.from("ecs.process")), duplicate(record)];
  const answer = weir_filter(tag, 11, 1790000000, 150000000, copy, record.length) >>> 0;
  const bytes = Buffer.from(memory.buffer);
  const end = bytes.indexOf(0, answer);
  if (end <= answer) throw new Error(`the record is lost: ${record}`);
  const told = Buffer.from(bytes.subarray(answer, end));
  [tag, copy].filter((block) => block !== 0).forEach((block) => free(block));
  return told;
}

for (const line of readFileSync(0, "ascii").trimEnd().split("\n")) {
  console.log(filter(Buffer.from(line, "hex")).toString("hex"));
}
