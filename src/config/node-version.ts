/** The oldest Node.js the service runs on; `package.json`, `.nvmrc` and the Dockerfile say the same. */
const REQUIRED_MAJOR = 24;

/** Stops the process with a clear message on an older Node.js. Must run before anything else is imported. */
export function requireNodeVersion(): void {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= REQUIRED_MAJOR) return;
  console.error(
    `This service needs Node.js ${REQUIRED_MAJOR} or newer; this is ${process.version}. ` +
      'Run it through npm (`npm start`, `npm run start:prod`), which brings the right one, or install it (`nvm install`).',
  );
  process.exit(1);
}
