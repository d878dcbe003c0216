# What npm needs to know; its layer changes only when a dependency does.
FROM node:24-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/embedded-firestore/package.json packages/embedded-firestore/

FROM manifests AS build
# No install scripts: all that they would bring is the Node.js of the base image.
RUN npm ci --ignore-scripts
COPY nest-cli.json tsconfig.json .swcrc ./
COPY src src
RUN npm run build

FROM manifests AS production-dependencies
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-slim AS runtime
LABEL org.opencontainers.image.title="nest-fastify-firestore" \
      org.opencontainers.image.description="A NestJS service on Fastify and Firestore" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    DATA_DIRECTORY=/data
# The only place that the service may write to, and only with FIRESTORE_MODE=embedded.
RUN mkdir /data && chown node:node /data
WORKDIR /app
COPY --from=production-dependencies /app/node_modules node_modules
COPY package.json firestore.indexes.json ./
COPY packages/embedded-firestore packages/embedded-firestore
COPY --from=build /app/dist dist
USER node
VOLUME ["/data"]
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]
