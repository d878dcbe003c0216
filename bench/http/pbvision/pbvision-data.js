/** The same with a database, by its own ORM. What only reads does so without a transaction, as the others do. */
import db from '@pbvision/firestore-orm';
import S from '@pbvision/schema';
import { DatabaseAPI, EXCEPTIONS } from '@pbvision/fastify-firestore-service';
import { PAGE } from '../contestants/data.ts';
import { answer, authenticated, envelope, startWith } from './pbvision.js';

const { NotFoundException } = EXCEPTIONS;

class BenchItem extends db.Model {
  static collectionName = 'BenchItems';
  static KEY = { id: S.str };
  static FIELDS = { number: S.int, title: S.str, visits: S.int, price: S.double };
}

class ItemAPI extends authenticated(DatabaseAPI) {
  static CONTEXT_OPTIONS = { consistentReads: false };
  static RESPONSE = envelope(BenchItem.schema);
  static ERRORS = { ...super.ERRORS, NotFoundException };

  async findOrFail({ params }) {
    const item = await this.tx.get(BenchItem, params.id);
    if (!item) throw new NotFoundException();
    return item;
  }
}

class OneAPI extends ItemAPI {
  static PATH = '/api/v1/bench/items/:id';
  static PATH_PARAMS = { id: S.str };

  async computeResponse(request) {
    return answer(request, toResponse(await this.findOrFail(request)));
  }
}

class VisitAPI extends ItemAPI {
  static METHOD = 'POST';
  static PATH = '/api/v1/bench/items/:id/visits';
  static PATH_PARAMS = { id: S.str };
  static IS_READ_ONLY = false;
  static CONTEXT_OPTIONS = {};

  async computeResponse(request) {
    const item = await this.findOrFail(request);
    item.visits += 1;
    return answer(request, toResponse(item));
  }
}

class PageAPI extends ItemAPI {
  static PATH = '/api/v1/bench/items';
  static QS = { after: S.int };
  static RESPONSE = envelope(S.arr(BenchItem.schema));

  async computeResponse(request) {
    const query = BenchItem.makeQuery().orderBy('number').startAfter(request.query.after).limit(PAGE);
    return answer(request, (await BenchItem.runQuery(query)).map(toResponse));
  }
}

const toResponse = ({ id, number, title, visits, price }) => ({ id, number, title, visits, price });

process.env.GCLOUD_PROJECT = 'local';
process.env.GOOGLE_CLOUD_UNIVERSE_DOMAIN = 'googleapis.com'; // its client asks Google's metadata server otherwise

export const start = () => startWith({ BenchItem, OneAPI, VisitAPI, PageAPI });
