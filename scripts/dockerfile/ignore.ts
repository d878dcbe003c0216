type IsIgnored = (path: string) => boolean;

/** Reads a `.dockerignore`: the last pattern that matches a path, or a directory above it, decides. */
export function parseIgnore(text: string): IsIgnored {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ keeps: line.startsWith('!'), pattern: patternOf(line.replace(/^!/, '')) }));
  return (path) => {
    const parts = path.split('/');
    const selfAndAbove = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    const last = rules.findLast(({ pattern }) => selfAndAbove.some((each) => pattern.test(each)));
    return last !== undefined && !last.keeps;
  };
}

/** Go's filepath.Match and Docker's `**`. */
function patternOf(glob: string): RegExp {
  const source = glob
    .replace(/^\/|\/$/g, '')
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map((part) => WILDCARDS[part] ?? RegExp.escape(part))
    .join('');
  return new RegExp(`^${source}$`);
}

const WILDCARDS: Record<string, string> = {
  '**/': '(?:.*/)?',
  '**': '.*',
  '*': '[^/]*',
  '?': '[^/]',
};
