/** The oldest Node.js the service runs on; `package.json`, `.nvmrc` and the Dockerfile agree with it. */
export const REQUIRED_NODE = '24.16';

/** Stops the process with a clear message on an older Node.js. Must run before anything else is imported. */
export function requireNodeVersion(current = process.versions.node): void {
  const [major, minor] = partsOf(current);
  const [requiredMajor, requiredMinor] = partsOf(REQUIRED_NODE);
  if (major > requiredMajor || (major === requiredMajor && minor >= requiredMinor)) return;
  console.error(
    `This service needs Node.js ${REQUIRED_NODE} or newer; this is ${current}. ` +
      'Run it through npm (`npm start`, `npm run start:prod`), which brings the right one, or install it (`nvm install`).',
  );
  process.exit(1);
}

function partsOf(version: string): [major: number, minor: number] {
  const [major, minor] = version.split('.').map(Number);
  return [major!, minor!];
}
