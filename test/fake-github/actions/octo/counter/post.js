console.log(`cleaned up after ${process.env.STATE_file}`)
