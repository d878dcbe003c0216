import type { Cost } from '../query/execute.ts';
import { indexesUsed } from '../query/explain.ts';
import type { Query } from '../query/query.ts';

/** google.protobuf.Struct of texts. */
function struct(texts: object): object {
  return {
    fields: Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [name, { stringValue: String(text) }]),
    ),
  };
}

export function planMessage(query: Query): object {
  return { planSummary: { indexesUsed: indexesUsed(query).map(struct) } };
}

export function statsMessage(results: number, cost: Cost, startedAt: number): object {
  const nanos = Math.round((performance.now() - startedAt) * 1e6);
  return {
    executionStats: {
      resultsReturned: results,
      executionDuration: { seconds: Math.floor(nanos / 1e9), nanos: nanos % 1e9 },
      readOperations: Math.max(1, cost.documents),
      debugStats: struct({ documents_scanned: cost.documents, index_entries_scanned: cost.entries }),
    },
  };
}
