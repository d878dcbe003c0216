/** The tuned Fastify with a database: handlers that call the client themselves. */ import { Firestore } from '@google-cloud/firestore';
import { PAGE } from './data.js';
import { createServer, envelope, integer, listen, metaOf, object, string } from './fastify.js';
const item = object({
    id: string,
    number: integer,
    title: string,
    visits: integer,
    price: {
        type: 'number'
    }
});
const one = {
    schema: {
        params: object({
            id: string
        }),
        response: {
            200: envelope(item)
        }
    }
};
const page = {
    schema: {
        querystring: object({
            after: {
                type: 'string',
                pattern: '^\\d{1,9}$'
            }
        }),
        response: {
            200: envelope({
                type: 'array',
                items: item
            })
        }
    }
};
const found = (reply, data)=>reply.send({
        success: true,
        data,
        meta: metaOf(reply.request)
    });
const missing = (reply)=>reply.status(404).send({
        success: false,
        error: {
            code: 'NOT_FOUND'
        },
        meta: metaOf(reply.request)
    });
export const start = async ()=>{
    const firestore = new Firestore({
        projectId: 'local',
        host: process.env.FIRESTORE_EMULATOR_HOST,
        ssl: false,
        clientOptions: {
            universeDomain: 'googleapis.com'
        }
    });
    const items = firestore.collection('benchItems');
    const app = await createServer();
    app.get('/api/v1/bench/items/:id', one, async ({ params: { id } }, reply)=>{
        const snapshot = await items.doc(id).get();
        return snapshot.exists ? found(reply, {
            id,
            ...snapshot.data()
        }) : missing(reply);
    });
    app.post('/api/v1/bench/items/:id/visits', one, async ({ params: { id } }, reply)=>{
        const visited = await firestore.runTransaction(async (transaction)=>{
            const snapshot = await transaction.get(items.doc(id));
            if (!snapshot.exists) return undefined;
            const data = snapshot.data();
            const visits = data.visits + 1;
            transaction.update(snapshot.ref, {
                visits
            });
            return {
                ...data,
                id,
                visits
            };
        });
        return visited ? found(reply, visited) : missing(reply);
    });
    app.get('/api/v1/bench/items', page, async ({ query }, reply)=>{
        const { docs } = await items.orderBy('number').startAfter(Number(query.after)).limit(PAGE).get();
        return found(reply, docs.map((snapshot)=>({
                id: snapshot.id,
                ...snapshot.data()
            })));
    });
    return listen(app);
};

//# sourceMappingURL=fastify-data.js.map