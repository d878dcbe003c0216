/** One contestant in a process of its own: tells its port, then does what messages ask and answers them. */ import { Session } from 'node:inspector/promises';
const { start } = await import(`./${process.argv[2]}.js`);
const port = await start();
process.send({
    port
});
const session = new Session();
const answers = {
    usage: async ()=>{
        const { user, system } = process.cpuUsage();
        return {
            cpu: user + system,
            memory: process.memoryUsage.rss() / 2 ** 20
        };
    },
    startProfile: async ()=>{
        session.connect();
        await session.post('Profiler.enable');
        await session.post('Profiler.setSamplingInterval', {
            interval: 200
        });
        return session.post('Profiler.start');
    },
    stopProfile: async ()=>{
        const { profile } = await session.post('Profiler.stop');
        session.disconnect();
        return profile;
    }
};
process.on('message', (question)=>{
    void answers[question]().then((answer)=>process.send(answer ?? {}));
});
process.on('disconnect', ()=>process.exit());

//# sourceMappingURL=serve.js.map