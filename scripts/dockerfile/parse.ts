/** One instruction of a Dockerfile, its arguments as written (continued lines joined). */
export interface Instruction {
  name: string;
  text: string;
  line: number;
}

/** What one `FROM` begins. */
export interface Stage {
  name: string;
  base: string;
  instructions: Instruction[];
}

const KNOWN = new Set([
  'FROM',
  'WORKDIR',
  'COPY',
  'RUN',
  'ENV',
  'LABEL',
  'USER',
  'VOLUME',
  'EXPOSE',
  'HEALTHCHECK',
  'CMD',
]);

/** @throws on an instruction that the check does not know, so that none is passed over */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  for (const instruction of instructionsOf(text)) {
    if (!KNOWN.has(instruction.name)) throw unsupported(instruction);
    if (instruction.name === 'FROM') stages.push(stageOf(instruction));
    else if (stages.length > 0) stages.at(-1)!.instructions.push(instruction);
    else throw unsupported(instruction);
  }
  return stages;
}

export function unsupported({ name, text, line }: Instruction): Error {
  return new Error(`Dockerfile line ${line}: this check cannot carry out "${name} ${text}"; teach it.`);
}

function stageOf(instruction: Instruction): Stage {
  const match = /^(\S+) AS (\S+)$/.exec(instruction.text);
  if (!match) throw unsupported(instruction);
  return { base: match[1]!, name: match[2]!, instructions: [] };
}

function* instructionsOf(text: string): Generator<Instruction> {
  let pending: Instruction | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const continued = line.endsWith('\\');
    const content = (continued ? line.slice(0, -1) : line).trim();
    if (pending) pending.text += ` ${content}`;
    else {
      const [name = '', rest = ''] = content.split(/\s+(.*)/s);
      pending = { name, text: rest, line: index + 1 };
    }
    if (continued) continue;
    yield pending;
    pending = undefined;
  }
}

/** `a b="c d"` as its words, quotes removed. */
export function wordsOf(text: string): string[] {
  return [...text.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([word]) => word.replaceAll('"', ''));
}

/** `--flag=value` words first, then the others. */
export function flagsOf(instruction: Instruction, allowed: string[]): [Map<string, string>, string[]] {
  const words = wordsOf(instruction.text);
  const flags = words.filter((word) => word.startsWith('--'));
  const entries = flags.map((flag) => /^--([a-z-]+)=(.+)$/.exec(flag));
  if (entries.some((entry) => !entry || !allowed.includes(entry[1]!))) throw unsupported(instruction);
  return [new Map(entries.map((entry) => [entry![1]!, entry![2]!])), words.slice(flags.length)];
}

/** The exec form, `["node", "dist/main.js"]`: the process gets its signals itself, no shell between. */
export function execFormOf(instruction: Instruction, text = instruction.text): string[] {
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed) && parsed.every((each) => typeof each === 'string')) return parsed;
  } catch {
    // not JSON: the shell form
  }
  throw new Error(
    `Dockerfile line ${instruction.line}: ${instruction.name} must have the exec form, ["..."].`,
  );
}
