import type { Cost } from '../query/execute.ts';
import { indexesUsed } from '../query/explain.ts';
import type { Query } from '../query/query.ts';

type Texts = { [name: string]: string | number | Texts };

/** google.protobuf.Struct of texts, and of structs of texts. */
function struct(texts: Texts): object {
  const valueOf = (text: Texts[string]) =>
    typeof text === 'object' ? { structValue: struct(text) } : { stringValue: String(text) };
  return {
    fields: Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, valueOf(text)])),
  };
}

export function planMessage(query: Query): object {
  return { planSummary: { indexesUsed: indexesUsed(query).map((use) => struct({ ...use })) } };
}

/** What a bill would count. */
interface Billed {
  documents: number;
  /** A thousand of them cost as much as a document. */
  entries: number;
}

export function queryStatsMessage(results: number, cost: Cost, startedAt: number): object {
  return statsMessage(results, cost, { documents: cost.documents, entries: 0 }, startedAt);
}

/** Google answers aggregations from indexes alone. */
export function aggregationStatsMessage(cost: Cost, startedAt: number): object {
  return statsMessage(1, cost, { documents: 0, entries: cost.entries }, startedAt);
}

function statsMessage(results: number, cost: Cost, billed: Billed, startedAt: number): object {
  const nanos = Math.round((performance.now() - startedAt) * 1e6);
  const reads = billed.documents + Math.ceil(billed.entries / 1_000);
  const minimum = reads === 0 ? 1 : 0;
  return {
    executionStats: {
      resultsReturned: results,
      executionDuration: { seconds: Math.floor(nanos / 1e9), nanos: nanos % 1e9 },
      readOperations: reads + minimum,
      debugStats: struct({
        documents_scanned: cost.documents,
        index_entries_scanned: cost.entries,
        billing_details: {
          documents_billable: billed.documents,
          index_entries_billable: billed.entries,
          min_query_cost: minimum,
        },
      }),
    },
  };
}
