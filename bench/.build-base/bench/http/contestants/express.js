/** Express 5 with the middleware that most people put before it. */ import { randomUUID } from 'node:crypto';
import compression from 'compression';
import cors from 'cors';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { pinoHttp } from 'pino-http';
import { z } from 'zod';
import { AUDIENCE, ISSUER, LIMIT, ORDER_ID, PAGINATION, SECRET, USERS } from './data.js';
const Order = z.strictObject({
    title: z.string().min(1).max(100),
    email: z.email(),
    quantity: z.int().min(1).max(100),
    price: z.number().min(0),
    gift: z.boolean()
});
passport.use(new Strategy({
    jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
    secretOrKey: SECRET,
    issuer: ISSUER,
    audience: AUDIENCE
}, ({ sub, role, sid }, done)=>done(null, {
        id: sub,
        role,
        session: sid
    })));
const requireRole = (role)=>(request, response, next)=>{
        if (request.user.role === role) next();
        else response.status(403).json({
            success: false,
            error: {
                code: 'FORBIDDEN'
            }
        });
    };
function answer(request, response, data, further = {}) {
    const meta = {
        requestId: request.id,
        timestamp: new Date().toISOString(),
        ...further
    };
    response.json({
        success: true,
        data,
        meta
    });
}
function routes() {
    const router = express.Router();
    router.use(passport.authenticate('jwt', {
        session: false
    }), requireRole('user'));
    router.get('/me', (request, response)=>{
        const { id, role, session } = request.user;
        answer(request, response, {
            id,
            role,
            session
        });
    });
    router.post('/orders', (request, response)=>{
        const order = Order.parse(request.body);
        answer(request, response.status(201), {
            ...order,
            id: ORDER_ID
        });
    });
    router.get('/users', (request, response)=>{
        const users = USERS.map(({ passwordHash: _, ...user })=>user);
        answer(request, response, users, {
            pagination: PAGINATION
        });
    });
    return router;
}
export const start = async ()=>{
    const app = express();
    app.set('trust proxy', 1);
    app.use(pinoHttp({
        genReqId: ()=>randomUUID()
    }));
    app.use(helmet(), cors(), compression());
    app.use(rateLimit({
        windowMs: 60_000,
        limit: LIMIT,
        standardHeaders: 'draft-8',
        legacyHeaders: false
    }));
    app.use(express.json());
    app.use('/api/v1/bench', routes());
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve)=>server.once('listening', resolve));
    return server.address().port;
};

//# sourceMappingURL=express.js.map