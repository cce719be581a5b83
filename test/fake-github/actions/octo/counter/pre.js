console.log("before the steps")
